package find

import (
	"slices"
	"strconv"
	"strings"

	"faultline"
)

// Of returns the things of a provider's entry with the names that it is found by.
func Of(p faultline.Provider) (Thing, []string) {
	names := slices.Clone(p.Aliases)
	for _, asn := range p.Networks {
		names = append(names, "as"+strconv.FormatUint(uint64(asn), 10))
	}
	return Thing{Kind: Provider, ID: p.Slug, Name: p.Name}, names
}

// OfComponent returns a component as a thing with the names that it is found by: a
// region of a cloud by its own name too, and by the place that its provider calls it by.
func OfComponent(c faultline.Component) (Thing, []string) {
	names := []string{c.Name(), strings.ReplaceAll(c.Name(), "/", " ")}
	if _, below, nested := strings.Cut(c.Name(), "/"); nested && c.Kind() == faultline.KindCloud {
		names = append(names, below)
		if place := places[c]; place != "" {
			names = append(names, "aws "+place)
		}
	}
	return Thing{Kind: Component, ID: string(c), Name: c.DisplayName()}, names
}

// places are what AWS calls its regions, from the table of regions in its documentation
// (https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html). They
// follow the name of the provider, because other clouds have regions in the same places.
var places = map[faultline.Component]string{
	"cloud:aws/us-east-1":      "northern virginia",
	"cloud:aws/us-east-2":      "ohio",
	"cloud:aws/us-west-1":      "northern california",
	"cloud:aws/us-west-2":      "oregon",
	"cloud:aws/ca-central-1":   "canada central",
	"cloud:aws/sa-east-1":      "sao paulo",
	"cloud:aws/eu-west-1":      "ireland",
	"cloud:aws/eu-west-2":      "london",
	"cloud:aws/eu-west-3":      "paris",
	"cloud:aws/eu-central-1":   "frankfurt",
	"cloud:aws/eu-north-1":     "stockholm",
	"cloud:aws/eu-south-1":     "milan",
	"cloud:aws/ap-south-1":     "mumbai",
	"cloud:aws/ap-southeast-1": "singapore",
	"cloud:aws/ap-southeast-2": "sydney",
	"cloud:aws/ap-northeast-1": "tokyo",
	"cloud:aws/ap-northeast-2": "seoul",
	"cloud:aws/ap-northeast-3": "osaka",
	"cloud:aws/af-south-1":     "cape town",
	"cloud:aws/me-south-1":     "bahrain",
}
