// The official conformance suite of the Gateway API as one program, and a list of what is in it.
package suite

import (
	"encoding/json"
	"flag"
	"os"
	"slices"
	"testing"

	"k8s.io/apimachinery/pkg/util/sets"
	"sigs.k8s.io/gateway-api/conformance"
	"sigs.k8s.io/gateway-api/conformance/tests"
	"sigs.k8s.io/gateway-api/conformance/utils/suite"
	"sigs.k8s.io/gateway-api/pkg/features"
)

var catalogue = flag.String("catalogue", "", "File to write the names and features of all tests to, as JSON")

func TestConformance(t *testing.T) { conformance.RunConformance(t) }

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

func TestCatalogue(t *testing.T) {
	list := make([]test, 0, len(tests.ConformanceTests))
	for _, each := range tests.ConformanceTests {
		list = append(list, test{each.ShortName, each.Features, each.Parallel, each.Provisional, each.Manifests})
	}
	profiles := map[suite.ConformanceProfileName]profile{}
	for _, each := range []suite.ConformanceProfile{
		suite.GatewayHTTPConformanceProfile,
		suite.GatewayGRPCConformanceProfile,
		suite.GatewayTLSConformanceProfile,
		suite.GatewayTCPConformanceProfile,
		suite.GatewayUDPConformanceProfile,
	} {
		profiles[each.Name] = profile{sorted(each.CoreFeatures), sorted(each.ExtendedFeatures)}
	}
	experimental := sets.Set[features.FeatureName]{}
	for each := range features.AllFeatures {
		if each.Channel == features.FeatureChannelExperimental {
			experimental.Insert(each.Name)
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

func sorted(set sets.Set[features.FeatureName]) []features.FeatureName {
	return slices.Sorted(slices.Values(set.UnsortedList()))
}
