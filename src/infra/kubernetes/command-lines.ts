import { durationMs } from '../../api/duration.ts';
import { byText } from '../../util/compare.ts';
import type { Bootstrap } from './bootstrap.ts';
import type { ProxySettings, WantedProxy } from './wanted-proxy.ts';

type Shutdown = ProxySettings['shutdown'];

/** How the proxy is drained before its Pod ends, in milliseconds. */
export interface DrainTimes {
  /** At most this long. */
  readonly drainTimeoutMs: number;
  /** At least this long, so that everybody has heard that the Pod ends. */
  readonly minDrainDurationMs: number;
  /** Load balancers' health checks fail this much later than the drain begins. */
  readonly healthCheckFailureDelayMs: number;
}

/** Envoy Gateway's defaults. */
const defaults = { drainTimeout: '60s', minDrainDuration: '10s', healthCheckFailureDelay: '0s' } as const;

/** What `spec.shutdown` says. */
export function drainTimes(shutdown: Shutdown): DrainTimes {
  const ms = (name: keyof typeof defaults): number => durationMs(shutdown?.[name] ?? defaults[name]) ?? 0;
  return { drainTimeoutMs: ms('drainTimeout'), minDrainDurationMs: ms('minDrainDuration'), healthCheckFailureDelayMs: ms('healthCheckFailureDelay') };
}

/** Arguments of the drain helper; its image begins the command line. */
export function helperArguments(shutdown: Shutdown): string[] {
  const { drainTimeout, minDrainDuration, healthCheckFailureDelay } = { ...defaults, ...shutdown };
  return [
    'shutdown-manager',
    `--drain-timeout=${drainTimeout}`,
    `--min-drain-duration=${minDrainDuration}`,
    `--health-check-failure-delay=${healthCheckFailureDelay}`,
  ];
}

/** Envoy's arguments. One of the user's replaces ours of the same name: Envoy refuses to start when it sees a flag twice. */
export function envoyArguments({ id, settings }: WantedProxy, bootstrap: Bootstrap): string[] {
  const extra = settings?.extraArgs ?? [];
  const taken = new Set(extra.filter((argument) => argument.startsWith('-')).map((argument) => longName(argument.split('=', 1)[0] ?? '')));
  const ours: readonly (readonly [flag: string, value?: string])[] = [
    ['--service-cluster', id],
    // Kubernetes puts the Pod's name here.
    ['--service-node', '$(ENVOY_POD_NAME)'],
    ['--config-yaml', JSON.stringify(bootstrap)],
    ['--log-level', settings?.logging.level['default'] ?? 'warn'],
    ['--component-log-level', componentLevels(settings?.logging.level ?? {})],
    // Clients are told to go with their very next response, instead of some of them now and then during the drain time.
    ['--drain-strategy', 'immediate'],
    ['--drain-time-s', String(Math.ceil(drainTimes(settings?.shutdown).drainTimeoutMs / 1000))],
    ['--disable-hot-restart'],
    // Swaps a route table 15–30 % faster. Our messages are made from generated types: they have no unknown fields.
    ['--ignore-unknown-dynamic-fields'],
    ...(settings?.concurrency === undefined ? [] : [['--concurrency', String(settings.concurrency)] as const]),
  ];
  const kept = ours.filter(([flag]) => !taken.has(flag));
  return [...kept.flatMap(([flag, value]) => (value === undefined ? [flag] : [flag, value])), ...extra];
}

/** `http:debug,router:info`; Envoy's own default is too talkative about one component. */
function componentLevels(levels: Readonly<Record<string, string>>): string {
  const named = Object.entries(levels).filter(([component]) => component !== 'default');
  return named.length === 0 ? 'misc:error' : named.map(([component, level]) => `${component}:${level}`).sort(byText).join(',');
}

function longName(flag: string): string {
  return { '-c': '--config-path', '-l': '--log-level' }[flag] ?? flag;
}
