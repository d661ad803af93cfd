import type { CoreObserver } from './core.ts';
import type { ProxyEnvironment } from '../infra/kubernetes/wanted-proxy.ts';
import type { KubeClient } from '../kube/client.ts';
import type { WatchedNamespaces } from '../source/kubernetes/kubernetes-source.ts';
import type { StatusWrite } from '../status/writer.ts';
import type { Settings } from '../translate/inputs.ts';
import type { Log } from '../util/log.ts';
import type { Pushed } from '../xds/server/events.ts';

/** Hears of what goes on inside, for metrics. */
export interface ControllerObserver extends CoreObserver {
  /** Something changed in the cluster; what follows from it is about to be worked out. */
  readonly onChanged?: () => void;
  readonly onStatusWrite?: (write: StatusWrite) => void;
}

/** What `moongate controller` needs to know. */
export interface ControllerOptions {
  readonly client: KubeClient;
  readonly settings: Settings;
  readonly environment: Omit<ProxyEnvironment, 'certificateSecret'>;
  readonly watch: WatchedNamespaces;
  /** undefined: this is the only replica, and it writes. */
  readonly election: ElectionOptions | undefined;
  /** How long everything has to have been up to date before a rotation of the certificates' authority goes on. */
  readonly certificateSettleMs: number;
  readonly log: Log;
  readonly observer?: ControllerObserver;
  /** Hears of each response that was handed to an Envoy. */
  readonly onPushed?: (pushed: Pushed) => void;
}

/** How replicas agree on the one that writes. Times are milliseconds. */
export interface ElectionOptions {
  /** Unique among the replicas. */
  readonly identity: string;
  readonly leaseDurationMs: number;
  readonly renewDeadlineMs: number;
  readonly retryPeriodMs: number;
}
