/** `GET /audit`: the events of a collection. */

import {
  type AuditEventAnswer,
  type AuditPage,
  AuditPageQuerySchema,
} from "../../shared/contract/audit.ts";
import { Problem } from "../../shared/contract/problem.ts";
import type { StoredEvent } from "../audit/event.ts";
import type { AddCall } from "../calls.ts";
import { refuseCursor } from "../refuse_cursor.ts";

/** Adds the route. */
export function addAudit(add: AddCall): void {
  add({
    method: "GET",
    path: "/audit",
    purpose: "read_audit",
    query: AuditPageQuerySchema,
  }, async (c, { gallery, claims: { collection } }) => {
    const query = AuditPageQuerySchema.safeParse(Object.fromEntries(c.get("query")));
    if (!query.success) throw new Problem("invalid_request", "The query is not valid");
    const { user_id: userId, from, to, ...others } = query.data;
    const { items, next } = await gallery.store.listEvents(collection, {
      ...others,
      userId,
      from: from === undefined ? from : Date.parse(from),
      to: to === undefined ? to : Date.parse(to),
    }).catch(refuseCursor);
    const answer: AuditPage = { events: items.map(eventAnswer), next_cursor: next ?? null };
    return c.json(answer);
  });
}

const eventAnswer = (
  { at, kind, outcome, key, requestId, userId, chain, seq }: StoredEvent,
): AuditEventAnswer => ({
  at: new Date(at).toISOString(),
  kind,
  outcome,
  key: key ?? null,
  request_id: requestId ?? null,
  user_id: userId ?? null,
  chain,
  seq,
});
