import { string } from '../../../config/fields.ts';
import { pluginType } from '../../plugin-type.ts';

export const sessionIdProducer = pluginType({
  type: 'session-id-producer',
  kinds: ['data-producer', 'session-id-producer'],
  about: 'Takes the name of the session from a header or a cookie.',
  parameters: {
    headerName: string({ about: 'the header' }),
    cookieName: string({ about: 'or the cookie' }),
  },
  check: ({ headerName = '', cookieName = '' }, place) => {
    if ((headerName.trim() === '') === (cookieName.trim() === '')) place.error('must have either headerName or cookieName');
  },
  create: ({ headerName = '', cookieName = '' }, { name }) => {
    const header = headerName.trim().toLowerCase();
    const cookie = cookieName.trim();
    return {
      produce({ request: { headers }, sessions }) {
        const id = (header === '' ? cookieOf(headers.get('cookie') ?? '', cookie) : headers.get(header))?.trim() ?? '';
        if (id !== '') sessions.set(name, id);
      },
    };
  },
});

function cookieOf(header: string, name: string): string | undefined {
  for (const pair of header.split(/[;,]/)) {
    const at = pair.indexOf('=');
    if (at > 0 && pair.slice(0, at).trim() === name) return pair.slice(at + 1);
  }
  return undefined;
}
