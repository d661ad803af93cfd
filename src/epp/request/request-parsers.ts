import { anthropicShapes, openAiShapes, sglangShapes, vllmShapes, type BodyShape } from './body-shapes.ts';
import { JsonBodyReader } from './json-body-reader.ts';
import { defaultMediaTokens, type BodyReader, type MediaTokens } from './parsed-body.ts';
import { PassthroughReader } from './passthrough-reader.ts';
import { TextBuffers } from './prompt-text.ts';
import { checkBlockOptions, type BlockOptions } from '../prefix/prompt-hasher.ts';

/** Types of parsers as an EndpointPickerConfig names them. */
export const parserTypes = ['openai-parser', 'anthropic-parser', 'vllmhttp-parser', 'sglanghttp-parser', 'passthrough-parser'] as const;
export type ParserType = (typeof parserTypes)[number];

/** What there is when a configuration names no parsers. With others, paths that none of them knows are refused. */
export const defaultParserTypes: readonly ParserType[] = ['openai-parser', 'anthropic-parser', 'vllmhttp-parser', 'passthrough-parser'];

export interface ParserOptions extends Partial<BlockOptions> {
  readonly mediaTokens?: MediaTokens;
}

/** Knows the bodies of one API. */
export interface RequestParser {
  readonly type: ParserType;
  /** End of the paths that it is for, '' for all. */
  readonly suffix: string;
  begin(): BodyReader;
}

/** Both servers of vLLM's own API and clients of OpenAI's come through the same port. */
const shapesOf: Readonly<Record<ParserType, Readonly<Record<string, BodyShape>>>> = {
  'openai-parser': openAiShapes,
  'anthropic-parser': anthropicShapes,
  'vllmhttp-parser': { ...openAiShapes, ...vllmShapes },
  'sglanghttp-parser': sglangShapes,
  'passthrough-parser': {},
};

/**
 * The parsers of a configuration. Their readers share memory, so readers of one value may be used in turn, but not by several threads.
 * Throws a RangeError when `blockTokens` or `maxBlocks` are out of range.
 */
export class RequestParsers {
  /** The longest suffix first; of equal ones, that of the parser that is named first. */
  readonly #parsers: readonly RequestParser[];

  constructor(types: readonly ParserType[], { blockTokens = 64, maxBlocks = 2_048, mediaTokens = defaultMediaTokens }: ParserOptions = {}) {
    const blocks = { blockTokens, maxBlocks };
    checkBlockOptions(blocks);
    const options = { ...blocks, mediaTokens, buffers: new TextBuffers(blocks) };
    const parsers = types.flatMap((type): RequestParser[] =>
      type === 'passthrough-parser'
        ? [{ type, suffix: '', begin: () => new PassthroughReader() }]
        : Object.entries(shapesOf[type]).map(([suffix, shape]) => ({ type, suffix, begin: () => new JsonBodyReader(shape, options) })),
    );
    this.#parsers = parsers.sort((a, b) => b.suffix.length - a.suffix.length);
  }

  /**
   * @param path of the request, a query is ignored
   * @returns undefined: no parser knows it
   */
  forPath(path: string): RequestParser | undefined {
    const query = path.indexOf('?');
    let end = query < 0 ? path.length : query;
    while (end > 1 && path[end - 1] === '/') end--;
    return this.#parsers.find(({ suffix }) => path.endsWith(suffix, end));
  }
}
