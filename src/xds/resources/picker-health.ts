import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { durationFromMs } from '@bufbuild/protobuf/wkt';
import { HealthCheck_TcpHealthCheckSchema } from '../../gen/envoy/config/core/v3/health_check_pb.ts';
import type { ClusterSchema } from '../../gen/envoy/config/cluster/v3/cluster_pb.ts';

/** Milliseconds between two looks at a picker, and for which an answer is waited for. */
const interval = 1_000;

/** Milliseconds for which a picker that failed is not asked, unless a look at it says that it is back. */
const ejection = 5_000;

/**
 * Keeps pickers that cannot be reached out of use. Through pickers bodies pass whole, and what was handed to one that fails is lost: a
 * pool fails open only for requests that were not given to a picker at all. One failure is enough, and a look is a connection, with TLS where it is
 * spoken, so that a process that hangs is found out too.
 */
export function pickerHealth(): Pick<MessageInitShape<typeof ClusterSchema>, 'commonLbConfig' | 'healthChecks' | 'outlierDetection'> {
  return {
    // With all of them out there is nobody to ask: that is what is to be known.
    commonLbConfig: { healthyPanicThreshold: { value: 0 } },
    healthChecks: [
      {
        timeout: durationFromMs(interval),
        interval: durationFromMs(interval),
        noTrafficInterval: durationFromMs(interval),
        unhealthyThreshold: 1,
        healthyThreshold: 1,
        healthChecker: { case: 'tcpHealthCheck', value: create(HealthCheck_TcpHealthCheckSchema) },
      },
    ],
    outlierDetection: {
      splitExternalLocalOriginErrors: true,
      consecutiveLocalOriginFailure: 1,
      enforcingConsecutiveLocalOriginFailure: 100,
      enforcingLocalOriginSuccessRate: 0,
      enforcingConsecutive5xx: 0,
      enforcingConsecutiveGatewayFailure: 0,
      enforcingSuccessRate: 0,
      baseEjectionTime: durationFromMs(ejection),
      maxEjectionTime: durationFromMs(ejection),
      maxEjectionPercent: 100,
    },
  };
}
