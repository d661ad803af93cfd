/** The annotation, and the name that it had before. */
const ANNOTATIONS = ['llm-d.ai/active-ports', 'inference.networking.k8s.io/active-ports'] as const;

/**
 * The ports that an annotation restricts a server to, comma-separated there; undefined when there is none, and all are in use. What is no port number
 * in it is passed over, as by the upstream picker: with nothing else the server has no endpoint.
 */
export function activePorts(annotations: Readonly<Record<string, string>>): readonly number[] | undefined {
  const name = ANNOTATIONS.find((one) => annotations[one] !== undefined);
  if (name === undefined) return undefined;
  return (annotations[name] ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => /^\d{1,5}$/.test(part))
    .map(Number);
}
