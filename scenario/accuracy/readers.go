package accuracy

import (
	"strconv"

	"faultline"
	"faultline/scenario"
)

// Readers of our own pages are a witness of their network: of its outage if it falls silent while
// others read more than usual, of nothing otherwise.

const (
	fewestReaders = 15_000 // requests a minute of all networks: the smaller ones tell nothing
	moreReaders   = 30_000
	readShare     = 4 // of a network that is large enough to be known
)

// readBy has the readers counted, and draws a network that is known by them.
func (d *draft) readBy() scenario.Network {
	d.spec.Readers.PerMinute = fewestReaders + moreReaders*d.rng.Float64()
	for {
		if n := d.spec.Crowd.Networks[d.rng.IntN(len(d.spec.Crowd.Networks))]; n.Share >= readShare {
			return n
		}
	}
}

// reads lets some networks, or all, read another number of times as much.
func (d *draft) reads(from, to int, factor float64, networks ...uint32) {
	d.spec.Readers.Changes = append(d.spec.Readers.Changes,
		scenario.Reading{Networks: networks, From: d.at(from), To: d.at(to), Factor: factor})
}

// silentReaders is a network whose people can neither read nor report, while those of others come
// to see what is wrong.
func silentReaders(d *draft) {
	n, to := d.readBy(), d.onset+d.lasting()
	var others []uint32
	for _, o := range d.spec.Crowd.Networks {
		if o.ASN != n.ASN {
			others = append(others, o.ASN)
		}
	}
	d.reads(d.onset, to, 1.3+1.2*d.rng.Float64(), others...)
	d.reads(d.onset, to, 0.15*d.rng.Float64(), n.ASN)
	c := faultline.NewComponent(faultline.KindISP, "AS"+strconv.FormatUint(uint64(n.ASN), 10))
	d.causes = append(d.causes, cause{component: c, accept: d.twins(c), from: d.onset, to: to, demanded: true,
		timed: true})
	d.length((to+59)/60 + tail)
}

// readersWithoutOutage is readers of whom no outage is to be concluded: all fall silent, as our own
// pages fail; one network fades; one falls silent on an ordinary day, as it may when another way
// leads its people to us; or everybody comes while a component fails.
func readersWithoutOutage(d *draft) {
	n, to := d.readBy(), d.onset+d.lasting()
	switch d.rng.IntN(4) {
	case 0:
		d.reads(d.onset, to, 0.1)
	case 1:
		for at, left := d.onset, 1.; at < to; at += 120 {
			left *= 0.9
			d.reads(at, min(at+120, to), left, n.ASN)
		}
	case 2:
		d.reads(d.onset, to, 0.05, n.ASN)
	default:
		d.reads(d.onset, to, 2+3*d.rng.Float64())
		d.single(0.5+0.5*d.rng.Float64(), outage{})
	}
	d.length((to+59)/60 + tail)
}
