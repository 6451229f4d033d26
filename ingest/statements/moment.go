package statements

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

// zones are the abbreviations that pages write, in minutes east of UTC, as the IANA time
// zone database has them (https://www.iana.org/time-zones, the files northamerica,
// europe, asia, australasia, africa and southamerica), the American ones as RFC 822
// section 5.1 fixes them. Where one means several, the one with most people who write
// English status pages is meant: CST and CDT of North America, IST of India, BST of
// Britain, AST of the Atlantic. BRT, SGT, ART, CLT, COT, PET, ICT, PHT and GST are no
// longer in the database and are still written: see its file backward and NEWS.
var zones = map[string]int{
	"UTC": 0, "GMT": 0, "UT": 0, "Z": 0, "WET": 0, "WEST": 60,
	"EST": -300, "EDT": -240, "CST": -360, "CDT": -300, "MST": -420, "MDT": -360, "PST": -480, "PDT": -420,
	"AKST": -540, "AKDT": -480, "HST": -600, "AST": -240, "ADT": -180, "NST": -210, "NDT": -150,
	"BST": 60, "CET": 60, "CEST": 120, "EET": 120, "EEST": 180, "MSK": 180, "TRT": 180, "MEZ": 60, "MESZ": 120,
	"IDT": 180, "IST": 330, "PKT": 300, "GST": 240, "NPT": 345, "ICT": 420, "WIB": 420, "WITA": 480, "WIT": 540,
	"SGT": 480, "HKT": 480, "PHT": 480, "PHST": 480, "MYT": 480, "JST": 540, "KST": 540,
	"AWST": 480, "ACST": 570, "ACDT": 630, "AEST": 600, "AEDT": 660, "NZST": 720, "NZDT": 780, "CHST": 600,
	"SAST": 120, "CAT": 120, "EAT": 180, "WAT": 60,
	"BRT": -180, "BRST": -120, "ART": -180, "CLT": -240, "CLST": -180, "COT": -300, "PET": -300, "UYT": -180,
}

var (
	zoneAtEnd = regexp.MustCompile(`\s*\(?\b([A-Z]{1,5})\)?$`)
	afterZone = regexp.MustCompile(`\s*\([A-Za-z ]+\)$`)
	gmtOffset = regexp.MustCompile(`\b(?:GMT|UTC) ?([+-]\d\d:?\d\d)$`)
	epoch     = regexp.MustCompile(`^\d{10}(?:\d{3})?$`) // seconds or milliseconds since 1970
	weekday   = regexp.MustCompile(`^[A-Za-z]{3,9}\.?,?\s+([0-9A-Z])`)
)

// layouts of times with an offset, without the day of the week.
var layouts = []string{
	time.RFC3339, "2006-01-02T15:04:05.999999999-0700", "2006-01-02T15:04Z07:00", "2006-01-02T15:04-07:00",
	"2006-01-02 15:04:05 -0700",
	"2006-01-02 15:04:05-07:00", "2006-01-02 15:04 -0700",
	"2 Jan 2006 15:04:05 -0700", "2 Jan 2006 15:04:05 -07:00", "2 Jan 2006 15:04 -07:00", "2 Jan 2006 15:04 -0700",
	"2 Jan 06 15:04:05 -0700",
	"2 Jan 06 15:04 -0700", "2 January 2006 15:04:05 -0700", "2 January 2006 15:04 -0700", "2-Jan-06 15:04:05 -0700",
	"Jan 2, 2006 15:04:05 -0700", "Jan 2, 2006 15:04 -0700", "Jan 2, 2006 3:04 PM -0700",
	"January 2, 2006 15:04 -0700", "January 2, 2006 3:04 PM -0700",
	"Jan 2 15:04:05 2006 -0700", "Jan 2 15:04:05 -0700 2006",
}

// moment reads a time; false if it is none or its zone is not known, for a time that is
// wrong by hours is worse than none. Feeds should follow RFC 822 and RFC 3339, and many
// do not.
func moment(s string) (time.Time, bool) {
	if s = strings.Join(strings.Fields(s), " "); s == "" || len(s) > 64 {
		return time.Time{}, false
	}
	if n, err := strconv.ParseInt(s, 10, 64); err == nil && epoch.MatchString(s) {
		if len(s) == len("1623146280") {
			// Ten digits are seconds, thirteen milliseconds.
			n *= 1000
		}
		return time.UnixMilli(n).UTC(), true
	}
	// "GMT+02:00": the offset alone is what a layout reads.
	s = gmtOffset.ReplaceAllString(s, "$1")
	if m := weekday.FindStringSubmatchIndex(s); m != nil && isDay(s) {
		s = s[m[2]:]
	}
	// "+0000 (Coordinated Universal Time)", as JavaScript prints it.
	if cut := afterZone.ReplaceAllString(s, ""); strings.ContainsAny(cut, "+-") {
		s = cut
	}
	if m := zoneAtEnd.FindStringSubmatchIndex(s); m != nil && !strings.HasSuffix(s, "AM") &&
		!strings.HasSuffix(s, "PM") &&
		!(s[m[2]:m[3]] == "Z" && strings.Contains(s, "T")) {
		east, known := zones[s[m[2]:m[3]]]
		if !known {
			return time.Time{}, false
		}
		s = s[:m[0]] + " " + offset(east)
	}
	for _, layout := range layouts {
		if at, err := time.Parse(layout, s); err == nil && at.Year() > 1970 {
			return at.UTC(), true
		}
	}
	return time.Time{}, false
}

// isDay tells a day of the week from a month.
func isDay(s string) bool {
	for day := time.Sunday; day <= time.Saturday; day++ {
		if len(s) >= 3 && strings.EqualFold(s[:3], day.String()[:3]) {
			return true
		}
	}
	return false
}

// offset writes minutes east of UTC as layouts do.
func offset(east int) string {
	sign := "+"
	if east < 0 {
		sign, east = "-", -east
	}
	digits := strconv.Itoa(east/60*100 + east%60)
	return sign + strings.Repeat("0", 4-len(digits)) + digits
}
