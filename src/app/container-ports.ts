/** A container's ports below this are for root only, on nodes that are set up that way. */
const firstFreePort = 1024;
/** What is added to a port that is not free for everybody: 80 becomes 10080, as with Envoy Gateway. */
const shift = 10_000;
const portRange = 65_536;

/**
 * Where the proxies of a fleet listen inside their containers, by the port that clients use. A port keeps its number where any user may bind
 * it; others are shifted to the next number that no listener of the fleet has for itself. `asTheyAre`: all keep theirs.
 */
export function containerPorts(ports: readonly number[], asTheyAre: boolean): ReadonlyMap<number, number> {
  const taken = new Set(ports);
  const bound = new Map<number, number>();
  for (const port of ports.toSorted((a, b) => a - b)) {
    let wanted = port;
    while (!asTheyAre && (wanted < firstFreePort || (wanted !== port && taken.has(wanted)))) wanted = (wanted + shift) % portRange;
    taken.add(wanted);
    bound.set(port, wanted);
  }
  return bound;
}
