// One simulated model server on an address of its own. The simulator's own program listens on all addresses, and a pool's servers share a port.
package main

import (
	"context"
	"net"
	"os"

	"k8s.io/klog/v2"

	"github.com/llm-d/llm-d-inference-sim/pkg/common"
	"github.com/llm-d/llm-d-inference-sim/pkg/communication"
	vllmsim "github.com/llm-d/llm-d-inference-sim/pkg/llm-d-inference-sim"
)

// Takes the simulator's flags, and where to listen as LISTEN.
func main() {
	logger := klog.Background()
	ctx := klog.NewContext(context.Background(), logger)
	config, err := common.ParseCommandParamsAndLoadConfig()
	if err != nil {
		fail(err)
	}
	simulators, err := vllmsim.Start(ctx, config, logger)
	if err != nil {
		fail(err)
	}
	listener, err := net.Listen("tcp4", os.Getenv("LISTEN"))
	if err != nil {
		fail(err)
	}
	fail(communication.New(logger, simulators[0]).StartHTTPServer(ctx, listener))
}

func fail(err error) {
	klog.ErrorS(err, "the simulated model server ends")
	klog.Flush()
	os.Exit(1)
}
