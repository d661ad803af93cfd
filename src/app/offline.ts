import { applyChanges, controlPlane, type ControlPlane, type ResourceChange } from './control-plane.ts';
import type { Rejection, Settings } from '../translate/inputs.ts';
import type { StageError } from '../reactive/derived.ts';

/** Surroundings to assume where no proxy runs. */
export interface OfflineOptions {
  readonly settings: Settings;
  /** Ports that cannot be had, by `proxy/port`, and why. All others are bound as they are. */
  readonly portErrors?: Readonly<Record<string, string>>;
  /** Objects that Envoy is taken to refuse, by reference, with its words; they are refused in whatever version they have. */
  readonly rejections?: Readonly<Record<string, string>>;
  readonly onError?: (error: StageError) => void;
}

/** What the objects would be translated to if every proxy ran and took everything. */
export function translateOffline(changes: readonly ResourceChange[], options: OfflineOptions): ControlPlane {
  const plane = controlPlane({ settings: options.settings, ...(options.onError === undefined ? {} : { onError: options.onError }) });
  applyChanges(plane.resources, changes);
  for (const { kind, key, resource } of changes) {
    const message = options.rejections?.[`${kind}/${key}`];
    if (resource !== undefined && message !== undefined) {
      const rejection: Rejection = { version: resource.version, message };
      plane.rejections.set(`${kind}/${key}`, rejection);
    }
  }
  plane.settle();
  for (const [key, { port }] of plane.outputs.wantedPorts.entries()) {
    const error = options.portErrors?.[key];
    plane.portBindings.set(key, error === undefined ? { boundPort: port, clientPort: port } : { error });
  }
  for (const { id } of plane.outputs.proxies.values()) {
    plane.proxyStates.set(id, { ready: true, message: 'assumed to run', addresses: [{ type: 'IPAddress', value: '0.0.0.0' }] });
  }
  plane.settle();
  return plane;
}
