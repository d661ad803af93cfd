import { choice, object, reference, string, type Values } from '../../../config/fields.ts';
import { clipped, type Place } from '../../../config/place.ts';
import type { Decider, HeaderValue, ProfileResult, Stage } from '../../plugin.ts';
import { pluginType } from '../../plugin-type.ts';
import { nobodyIn, type Assignment, type ProfileResults } from '../../profile-handler.ts';
import { approxPrefixProducerType, tokenProducerType } from '../producer-names.ts';

const prefillHeader = 'x-prefiller-host-port';
const encodeHeader = 'x-encoder-hosts-ports';

const stageOrders = ['decode-first', 'prefill-first'] as const;

const decider = (about: string, deprecated?: string) => reference({ kinds: ['decider'], about, ...(deprecated === undefined ? {} : { deprecated }) });
const former = (instead: string) => string({ about: `the former name of \`${instead}\``, deprecated: `use ${instead}` });

const parameters = {
  stageOrder: choice(stageOrders, { default: 'decode-first', about: 'which stage is placed first' }),
  profiles: object(
    {
      decode: string({ about: 'of the server that answers; `decode` when nothing is said' }),
      prefill: string({ about: 'of the server that reads the prompt; `prefill` when nothing is said' }),
      encode: string({ about: 'of servers that read pictures and the like; `encode` when nothing is said' }),
    },
    { about: 'names of the scheduling profiles' },
  ),
  deciders: object({ prefill: decider('whether prompts are read elsewhere; never when nothing is said'), encode: decider('the same for pictures and the like') }, { about: 'plugins that decide for each request' }),
  decodeProfile: former('profiles.decode'),
  prefillProfile: former('profiles.prefill'),
  encodeProfile: former('profiles.encode'),
  prefillDeciderPluginName: decider('the former name of `deciders.prefill`', 'use deciders.prefill'),
  encodeDeciderPluginName: decider('the former name of `deciders.encode`', 'use deciders.encode'),
  deciderPluginName: decider('the former name of `deciders.prefill`', 'use deciders.prefill'),
};

type DisaggValues = Values<typeof parameters>;

function settingsOf(p: DisaggValues) {
  return {
    decode: p.profiles.decode ?? p.decodeProfile ?? 'decode',
    prefill: p.profiles.prefill ?? p.prefillProfile ?? 'prefill',
    encode: p.profiles.encode ?? p.encodeProfile ?? 'encode',
    prefillDecider: p.deciders.prefill ?? p.prefillDeciderPluginName ?? p.deciderPluginName,
    encodeDecider: p.deciders.encode ?? p.encodeDeciderPluginName,
    prefillFirst: p.stageOrder === 'prefill-first',
  };
}

function check(p: DisaggValues, place: Place): void {
  const { prefillFirst, prefillDecider } = settingsOf(p);
  if (prefillFirst && prefillDecider !== undefined) place.at('deciders').at('prefill').error('must not be set when stageOrder is "prefill-first"');
}

export const disaggProfileHandler = pluginType({
  type: 'disagg-profile-handler',
  kinds: ['profile-handler'],
  about: `Disaggregated serving: chooses a server that answers, and where deciders say so one that reads the prompt (header \`${prefillHeader}\`) and some that read pictures and the like (\`${encodeHeader}\`). When nobody is there for a stage, the server that answers does its work, and the pick says so.`,
  parameters,
  check,
  needs: () => [approxPrefixProducerType, tokenProducerType],
  checkProfiles: (p, profiles) => (profiles.has(settingsOf(p).decode) ? undefined : `needs a scheduling profile "${clipped(settingsOf(p).decode)}"`),
  create: (p, { plugin }) => {
    const { decode, prefill, encode, prefillDecider, encodeDecider, prefillFirst } = settingsOf(p);
    const decides = (name: string | undefined) => (name === undefined ? undefined : (plugin(name) as Decider));
    const [prefillDecides, encodeDecides] = [decides(prefillDecider), decides(encodeDecider)];
    return {
      next(decision, profiles, results) {
        const decoder = results.get(decode)?.endpoints[0];
        const wantsEncode = () => profiles.has(encode) && !results.has(encode) && encodeDecides?.disaggregate(decision, decoder) === true;
        const ran = (name: string) => (profiles.has(name) ? name : undefined);
        if (prefillFirst) {
          if (results.has(decode)) return undefined;
          if (profiles.has(prefill) && !results.has(prefill)) return prefill;
          if (wantsEncode()) return encode;
          decision.peer = results.get(prefill)?.endpoints[0];
          return ran(decode);
        }
        if (!results.has(decode)) return ran(decode);
        if (decoder === undefined) return undefined;
        // Encoding is never asked for again once prefilling was placed.
        if (!results.has(prefill) && wantsEncode()) return encode;
        if (!profiles.has(prefill) || results.has(prefill) || prefillDecides?.disaggregate(decision, decoder) !== true) return undefined;
        decision.peer = decoder;
        return prefill;
      },
      finish: (_, results) => finish(results, { decode, prefill, encode }),
    };
  },
});

function finish(results: ProfileResults, names: Readonly<Record<Stage, string>>) {
  const primary = results.get(names.decode);
  const [decoder] = primary?.endpoints ?? [];
  if (primary === undefined || decoder === undefined) return nobodyIn(names.decode);
  const assignments: Assignment[] = [{ endpoint: decoder, stage: 'decode', result: primary }];
  const headers: HeaderValue[] = [];
  const missing: Stage[] = [];
  const assign = (stage: 'prefill' | 'encode', header: string, used: (result: ProfileResult) => ProfileResult['endpoints']) => {
    if (!results.has(names[stage])) return;
    const result = results.get(names[stage]);
    if (result === undefined) return void missing.push(stage);
    const servers = used(result);
    for (const endpoint of servers) assignments.push({ endpoint, stage, result });
    headers.push([header, servers.map(({ address }) => address).join(',')]);
  };
  assign('prefill', prefillHeader, ({ endpoints }) => endpoints.slice(0, 1));
  assign('encode', encodeHeader, ({ endpoints }) => endpoints);
  return { primary, addresses: primary.endpoints.map(({ address }) => address), assignments, headers, removeHeaders: [prefillHeader, encodeHeader], missing };
}
