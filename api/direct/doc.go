// Package direct answers plain requests for prepared answers on the connection itself,
// before net/http reads them. net/http starts a goroutine and sets several deadlines for
// each request, which costs more than everything else that such an answer needs.
//
// What belongs here: reading a request that has nothing out of the ordinary, and writing
// the answer as net/http would. What does not: which answers there are (package api).
//
// Everything that is not plain is left to net/http, with every byte that was read: other
// methods, bodies, credentials, a head that does not arrive at once, or anything that
// this package does not read. From then on the connection is net/http's for good.
package direct
