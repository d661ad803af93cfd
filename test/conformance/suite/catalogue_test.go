// What is in a suite, for the program that runs it. Beside this file is one that names the suite.
package suite

import (
	"encoding/json"
	"flag"
	"os"
	"slices"
	"testing"

	"k8s.io/apimachinery/pkg/util/sets"
	"sigs.k8s.io/gateway-api/conformance/utils/suite"
	"sigs.k8s.io/gateway-api/pkg/features"
)

var catalogue = flag.String("catalogue", "", "File to write the names and features of all tests to, as JSON")

type test struct {
	Name        string                 `json:"name"`
	Features    []features.FeatureName `json:"features"`
	Parallel    bool                   `json:"parallel"`
	Provisional bool                   `json:"provisional"`
	Manifests   []string               `json:"manifests"`
}

type profile struct {
	Core     []features.FeatureName `json:"core"`
	Extended []features.FeatureName `json:"extended"`
}

func writeCatalogue(t *testing.T, tests []suite.ConformanceTest, ofProfiles ...suite.ConformanceProfile) {
	list := make([]test, 0, len(tests))
	for _, each := range tests {
		list = append(list, test{each.ShortName, append([]features.FeatureName{}, each.Features...), each.Parallel, each.Provisional, each.Manifests})
	}
	profiles := map[suite.ConformanceProfileName]profile{}
	experimental := sets.Set[features.FeatureName]{}
	for _, each := range ofProfiles {
		profiles[each.Name] = profile{sorted(each.CoreFeatures), sorted(each.ExtendedFeatures)}
		for feature := range features.AllFeatures {
			if feature.Channel == features.FeatureChannelExperimental && each.CoreFeatures.Union(each.ExtendedFeatures).Has(feature.Name) {
				experimental.Insert(feature.Name)
			}
		}
	}
	text, err := json.Marshal(map[string]any{"tests": list, "profiles": profiles, "experimental": sorted(experimental)})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(*catalogue, text, 0o644); err != nil {
		t.Fatal(err)
	}
}

// Never nil, which would be null in JSON, as the features of a test may be.
func sorted(set sets.Set[features.FeatureName]) []features.FeatureName {
	return append([]features.FeatureName{}, slices.Sorted(slices.Values(set.UnsortedList()))...)
}
