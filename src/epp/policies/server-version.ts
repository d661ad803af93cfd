/** Labels that say what version a server is of, the first that is there. */
const versionLabels = ['version', 'app.kubernetes.io/version'] as const;

interface Labelled {
  readonly labels: Readonly<Record<string, string>>;
}

/** The servers of a version among candidates. When there is none, all of them: a share of the traffic is no reason to fail a request. */
export function serversOfVersion<Server extends Labelled>(candidates: readonly Server[], version: string): readonly Server[] {
  const found = candidates.filter(({ labels }) => versionOf(labels) === version);
  return found.length === 0 ? candidates : found;
}

function versionOf(labels: Labelled['labels']): string | undefined {
  const label = versionLabels.find((name) => labels[name] !== undefined);
  return label === undefined ? undefined : labels[label];
}
