import type { ExternalAuth } from '../../ir/external-auth.ts';

/** What external authorization does with a request. Nobody but the service knows whether it lets the request pass. */
export function externalAuthLabel({ backend, check, bodyLimit }: ExternalAuth): string {
  const body = bodyLimit === 0 ? '' : `, with up to ${bodyLimit} bytes of the body`;
  return `asks ${backend} by ${check.type === 'grpc' ? 'gRPC' : 'HTTP'} first${body}, and goes on if that lets the request pass`;
}
