import type { PickerAddress, Settings } from '../translate/inputs.ts';
import { supportedFeatures } from '../translate/supported-features.ts';

/** GatewayClasses of this controller are served unless told otherwise: the name that Envoy Gateway's manifests carry. */
export const defaultControllerName = 'gateway.envoyproxy.io/gatewayclass-controller';

/** Settings for resources of a cluster, which others have resources in too. */
export function clusterSettings(controllerNames: readonly string[] = [], endpointPicker?: PickerAddress): Settings {
  return {
    controllerNames: controllerNames.length === 0 ? [defaultControllerName] : controllerNames,
    ownsEverything: false,
    addresses: 'assigned',
    supportedFeatures,
    ...(endpointPicker !== undefined && { endpointPicker }),
  };
}

/** Settings for resources from files: they are all there is. */
export function fileSettings(controllerNames: readonly string[] = []): Settings {
  return { controllerNames: controllerNames.length === 0 ? [defaultControllerName] : controllerNames, ownsEverything: true, addresses: 'bound' };
}
