// Command sim runs whole deployments in one goroutine, each from a seed: three nodes with
// the real engine, on a model of the log, the store, the clocks and the network. Nodes
// crash, pause and change their release, requests and answers are lost, repeated and come
// late, clocks jump, and a replica that lacks the end of the log takes over. After each
// step, and when all has healed, it checks what must hold whatever happens.
//
// What belongs here: the model, what goes wrong in it, what must hold, and mistakes that
// are planted to see that the checks find them. What does not: the code of package replica
// and store itself, which speaks to a real Redis. The model follows their rules; the tests
// of those packages show that the code does.
package main
