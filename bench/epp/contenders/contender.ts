import type { KubernetesApi } from '../kubernetes-api.ts';
import type { Program } from '../program.ts';
import type { Programs } from '../programs.ts';
import type { Servers } from '../servers.ts';

/** What a contender is started in. */
export interface Surroundings {
  readonly programs: Programs;
  readonly servers: Servers;
  /** For its files alone. */
  readonly directory: string;
  /** Started when it is first asked for. */
  readonly kubernetes: () => Promise<KubernetesApi>;
  readonly onProgress: (line: string) => void;
}

/** Somebody who spreads requests over model servers, ready for them. */
export interface Contender extends AsyncDisposable {
  /** Where requests go, as host:port; to several in turn. */
  readonly targets: readonly string[];
  readonly picker?: Program;
  readonly proxy?: Program;
}

export const contenderNames = ['none', 'round-robin', 'upstream', 'moongate'] as const;
export type ContenderName = (typeof contenderNames)[number];
