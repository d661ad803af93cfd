// The official conformance suite of the Gateway API's Inference Extension.
package suite

import (
	"testing"

	"sigs.k8s.io/gateway-api-inference-extension/conformance"
	"sigs.k8s.io/gateway-api-inference-extension/conformance/tests"
)

func TestConformance(t *testing.T) { conformance.RunConformance(t) }

func TestCatalogue(t *testing.T) {
	writeCatalogue(t, tests.ConformanceTests, conformance.GatewayLayerProfile)
}
