import type { Changes } from './processing-response.ts';
import type { Pick } from './request-handler.ts';
import { isStruct } from './struct.ts';

/** Name of the header and, in this namespace, of the metadata that say where a request goes. */
const destinationKey = 'x-gateway-destination-endpoint';
const destinationNamespace = 'envoy.lb';

/** What tells Envoy of a pick (endpoint picker protocol: header and metadata "MUST NOT differ"). */
export function destination({ endpoints, setHeaders, removeHeaders = [], dynamicMetadata, clearRouteCache = false }: Pick): Changes {
  // Nobody but a picker chooses the server: what the client may have sent goes.
  if (endpoints.length === 0) return { ...(setHeaders && { setHeaders }), removeHeaders: [...removeHeaders, destinationKey], ...(dynamicMetadata && { dynamicMetadata }), clearRouteCache };
  const list = endpoints.join(',');
  const others = dynamicMetadata?.[destinationNamespace];
  return {
    setHeaders: new Map([...(setHeaders ?? []), [destinationKey, list]]),
    removeHeaders,
    dynamicMetadata: { ...dynamicMetadata, [destinationNamespace]: { ...(isStruct(others) && others), [destinationKey]: list } },
    clearRouteCache,
  };
}
