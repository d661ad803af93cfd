/**
 * What a server has to do now. Its own account (`metrics`) is as old as the last scrape, up to some hundred milliseconds in which many
 * requests may have been sent; ours (`inFlight`) is exact but knows only what went through us. So: what the server said, plus what was
 * sent since, less what has ended since. When nothing was sent and nothing ended the estimates are the server's own figures.
 */
import type { Endpoint } from './endpoint.ts';

/**
 * How much of a waiting request one counts that was sent to a server without a queue. It most likely runs, but nobody knows how much
 * room is left: a few make no difference to a server with a long prompt in its cache, a burst does.
 */
const waitingShare = 0.25;

/** Requests sent since the last scrape, less those that ended since; below 0 when more have ended. */
export function sentSinceScrape(endpoint: Endpoint): number {
  return endpoint.inFlight - endpoint.inFlightAtScrape;
}

/**
 * Requests that wait for a place in the running batch; not always a whole number.
 * @param coming requests that are going to be sent, beyond those that were
 */
export function estimatedWaiting(endpoint: Endpoint, coming = 0): number {
  const { waiting } = endpoint.metrics;
  const sent = sentSinceScrape(endpoint) + coming;
  if (sent <= 0) return Math.max(0, waiting + sent);
  return waiting > 0 ? waiting + sent : sent * waitingShare;
}

/** Requests in the running batch: a queue says that the batch is full, and gives its first to it when one ends. */
export function estimatedRunning(endpoint: Endpoint): number {
  const { waiting, running } = endpoint.metrics;
  const sent = sentSinceScrape(endpoint);
  if (sent < 0) return Math.max(0, running + Math.min(0, waiting + sent));
  return waiting > 0 ? running : running + sent;
}

/** Requests that run or wait. */
export function estimatedRequests(endpoint: Endpoint): number {
  return Math.max(0, endpoint.metrics.waiting + endpoint.metrics.running + sentSinceScrape(endpoint));
}

/** Used share of the KV cache, 0 to 1: prompts sent since the scrape take their blocks soon, if the server says how many it has. */
export function estimatedKvUsage(endpoint: Endpoint): number {
  const { kvCacheUsage, blocks, blockSize } = endpoint.metrics;
  const sent = sentSinceScrape(endpoint);
  if (sent <= 0 || blocks <= 0 || blockSize <= 0) return kvCacheUsage;
  const tokens = endpoint.inFlightTokens * Math.min(1, sent / endpoint.inFlight);
  return Math.max(kvCacheUsage, Math.min(1, kvCacheUsage + tokens / (blocks * blockSize)));
}

/**
 * What a hit in the prefix cache of this server is worth, 1 to 0, when the least loaded candidate has `leastRequests`. The worth shrinks with
 * the requests that were sent since the scrape and put this server above that one: of a burst of equal prompts the first servers would
 * get all otherwise, as a hit outweighs any queue that a scrape has not shown yet. Load that a scrape has shown does not count here.
 */
export function hitWorth(endpoint: Endpoint, leastRequests: number): number {
  const sent = sentSinceScrape(endpoint);
  if (sent <= 0) return 1;
  const excess = Math.min(sent, estimatedRequests(endpoint) - leastRequests);
  return excess <= 0 ? 1 : Math.max(0, 1 - excess / (leastRequests + idleBurst));
}

/** Requests above an idle server's none at which a hit is worth nothing. */
const idleBurst = 2;

/** `leastRequests` of candidates. */
export function leastRequests(candidates: readonly Endpoint[]): number {
  let least = Infinity;
  for (const candidate of candidates) least = Math.min(least, estimatedRequests(candidate));
  return least;
}
