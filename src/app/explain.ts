import { jsonAnswer, type AdminAnswer } from '../admin/http-server.ts';
import type { Standalone } from './standalone.ts';
export function explainRequest(_standalone: Standalone, _query: URLSearchParams): AdminAnswer { return jsonAnswer({}); }
