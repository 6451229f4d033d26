// Command accuracy plays random outages to the engine and to simpler methods and
// prints how well each named the causes, beside the floor that must hold.
//
// What belongs here: the run over many scenarios, the baselines with the front
// end that they share, the table, and the floor (floor.json). What does not: the
// scenarios and the score (scenario/accuracy), and measuring of speed (bench).
package main
