import type { Part } from './resources.ts';
import type { Refusal, ResourceId } from './refusal.ts';

/** An object that is left out because Envoy refused what it contributes to. */
export interface Withdrawn extends Part {
  /** Envoy's text. */
  readonly message: string;
  /** True while it is only one of several suspects. */
  readonly provisional: boolean;
}

/** A refusal that no object can be blamed for; it stands until the resource is accepted. */
export interface Unattributed extends ResourceId {
  readonly message: string;
}

interface Entry extends Withdrawn {
  /** The resources whose refusal keeps a provisional entry out. */
  readonly resources: Set<string>;
}

/** Refusals of one resource without an acceptance in between after which all of its suspects are blamed. Halving 2³² suspects takes 32. */
const MAX_ROUNDS = 64;

/**
 * Finds the objects that Envoy refuses, by halving, and keeps them out; everything else goes live.
 *
 *     refused, suspects a b c d ─► c d withdrawn for the time being
 *     refused, suspects a b     ─► b too
 *     refused, suspect  a       ─► a is the one: withdrawn until its version changes
 *     accepted                  ─► b c d are let in again; refused once more? The halving goes on among them.
 *
 * Each refusal of a new version blames one object or halves the suspects, so a resource is retried a bounded number of
 * times. A pure policy: the caller feeds events in and leaves `withdrawn` out of the next translation.
 */
export class Rejections {
  readonly #withdrawn = new Map<string, Entry>();
  /** By resource, the versions whose refusal was dealt with: several Envoys of a proxy report the same one. */
  readonly #inquiries = new Map<string, Set<string>>();
  readonly #unattributed = new Map<string, Unattributed>();

  /** `remembered`: what an earlier process had found out for certain. */
  constructor(remembered: Iterable<Part & { readonly message: string }> = []) {
    this.learn(remembered);
  }

  /** Others have found out something for certain. Says whether anything changed. */
  learn(found: Iterable<Part & { readonly message: string }>): boolean {
    let changed = false;
    for (const { owner, version, message } of found) {
      const known = this.#withdrawn.get(owner);
      if (known?.version === version && !known.provisional) continue;
      this.#withdrawn.set(owner, { owner, version, message, provisional: false, resources: new Set() });
      changed = true;
    }
    return changed;
  }

  /** What is to be left out, by owner. An entry is about the version it names only. */
  get withdrawn(): ReadonlyMap<string, Withdrawn> {
    return this.#withdrawn;
  }

  /** Refusals that concern a proxy as a whole. */
  get unattributed(): readonly Unattributed[] {
    return [...this.#unattributed.values()];
  }

  /** A resource was refused. Says whether `withdrawn` or `unattributed` changed. */
  refused(refusal: Refusal): boolean {
    const key = keyOf(refusal);
    let versions = this.#inquiries.get(key);
    if (versions === undefined) this.#inquiries.set(key, (versions = new Set()));
    if (versions.has(refusal.version)) return false;
    versions.add(refusal.version);
    const { proxy, type, name, message } = refusal;
    const suspects = refusal.suspects;
    if (suspects.length === 0) {
      this.#unattributed.set(key, { proxy, type, name, message });
      return true;
    }
    // Some suspects were taken out meanwhile, by the refusal of another resource: the content without them tells.
    const out = suspects.flatMap(({ owner, version }) => this.#entryOf(owner, version) ?? []);
    for (const entry of out) entry.resources.add(key);
    if (out.length > 0) return false;
    const certain = suspects.length === 1 || versions.size > MAX_ROUNDS;
    const guilty = certain ? suspects : suspects.slice(suspects.length >> 1);
    for (const { owner, version } of guilty) {
      this.#withdrawn.set(owner, { owner, version, message, provisional: !certain, resources: new Set([key]) });
    }
    return true;
  }

  #entryOf(owner: string, version: string): Entry | undefined {
    const entry = this.#withdrawn.get(owner);
    return entry?.version === version ? entry : undefined;
  }

  /** A refused resource was accepted, or is gone. Says whether anything changed. */
  recovered(id: ResourceId): boolean {
    const key = keyOf(id);
    this.#inquiries.delete(key);
    let changed = this.#unattributed.delete(key);
    for (const [owner, entry] of this.#withdrawn) {
      if (!entry.provisional || !entry.resources.delete(key) || entry.resources.size > 0) continue;
      this.#withdrawn.delete(owner);
      changed = true;
    }
    return changed;
  }

  /** The object has another version, or (undefined) is gone: what was said of the old one is void. Says whether anything changed. */
  updated(owner: string, version: string | undefined): boolean {
    const entry = this.#withdrawn.get(owner);
    return entry !== undefined && entry.version !== version && this.#withdrawn.delete(owner);
  }
}

function keyOf(id: ResourceId): string {
  return `${id.proxy}/${id.type}/${id.name}`;
}
