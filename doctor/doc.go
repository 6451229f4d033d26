// Package doctor judges whether a deployment is fit: what Redis says of itself, what lies
// in it, the files of this node, and the vantages. Each judgement is one line with what is
// wrong and what to do about it.
//
// What belongs here: the judgements, as pure functions of what was found. What does not:
// asking Redis (store), reading files and printing (cmd).
package doctor
