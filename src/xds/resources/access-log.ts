import type { MessageInitShape } from '@bufbuild/protobuf';
import type { AccessLogSchema } from '../../gen/envoy/config/accesslog/v3/accesslog_pb.ts';
import { FileAccessLogSchema } from '../../gen/envoy/extensions/access_loggers/file/v3/file_pb.ts';
import { any } from './bytes.ts';

/** One JSON object a line, with the fields of Envoy Gateway's default. `path` may be /dev/stdout. */
export function accessLog(path: string): MessageInitShape<typeof AccessLogSchema> {
  return {
    name: 'envoy.access_loggers.file',
    configType: {
      case: 'typedConfig',
      value: any(FileAccessLogSchema, { path, accessLogFormat: { case: 'logFormat', value: { format: { case: 'jsonFormat', value: fields } } } }),
    },
  };
}

const fields = {
  ':authority': '%REQ(:AUTHORITY)%',
  bytes_received: '%BYTES_RECEIVED%',
  bytes_sent: '%BYTES_SENT%',
  connection_termination_details: '%CONNECTION_TERMINATION_DETAILS%',
  downstream_local_address: '%DOWNSTREAM_LOCAL_ADDRESS%',
  downstream_remote_address: '%DOWNSTREAM_REMOTE_ADDRESS%',
  duration: '%DURATION%',
  method: '%REQ(:METHOD)%',
  protocol: '%PROTOCOL%',
  requested_server_name: '%REQUESTED_SERVER_NAME%',
  response_code: '%RESPONSE_CODE%',
  response_code_details: '%RESPONSE_CODE_DETAILS%',
  response_flags: '%RESPONSE_FLAGS%',
  route_name: '%ROUTE_NAME%',
  start_time: '%START_TIME%',
  upstream_cluster: '%UPSTREAM_CLUSTER%',
  upstream_host: '%UPSTREAM_HOST%',
  upstream_local_address: '%UPSTREAM_LOCAL_ADDRESS%',
  upstream_transport_failure_reason: '%UPSTREAM_TRANSPORT_FAILURE_REASON%',
  'user-agent': '%REQ(USER-AGENT)%',
  'x-envoy-origin-path': '%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%',
  'x-envoy-upstream-service-time': '%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)%',
  'x-forwarded-for': '%REQ(X-FORWARDED-FOR)%',
  'x-request-id': '%REQ(X-REQUEST-ID)%',
} as const;
