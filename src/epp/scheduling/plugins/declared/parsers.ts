/** Parsers of request bodies; `request/` carries them out. */
import { pluginType } from '../../plugin-type.ts';

const parser = (type: string, about: string) => pluginType({ type, kinds: ['parser'], about, parameters: {} });

export const parsers = [
  parser('openai-parser', 'OpenAI: chat completions, completions, embeddings, responses, conversations, image generations.'),
  parser('anthropic-parser', 'Anthropic: messages.'),
  parser('vllmhttp-parser', 'vLLM: `/inference/v1/generate`.'),
  parser('sglanghttp-parser', 'SGLang: `/generate`.'),
  parser('vllmgrpc-parser', 'vLLM over gRPC; the pool has to be h2c.'),
  parser('passthrough-parser', 'Any body: no model, no prompt.'),
];

/** Used when a configuration names none. */
export const defaultParsers = ['openai-parser', 'anthropic-parser', 'vllmhttp-parser', 'passthrough-parser'];
