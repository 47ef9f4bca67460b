/** The property of the gallery service: several replicas answer as one plain map does. */

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { FakeCall } from "../../gallery/fake_caller.ts";
import {
  applyServiceStep,
  callOf,
  type Expected,
  type ServiceModel,
  type ServiceStep,
} from "./service_model.ts";

/** An answer of a replica. */
export interface ServiceAnswer {
  readonly status: number;
  // deno-lint-ignore no-explicit-any -- the parts that are looked at depend on the call
  readonly body: any;
}

/** Replicas under test. */
export interface ServiceHost extends AsyncDisposable {
  /** Milliseconds since 1970, the replicas' time. */
  readonly now: () => number;
  /** Lets time pass; undefined when the replicas have the time of the machine. */
  readonly wait: ((ms: number) => void) | undefined;
  readonly replicas: number;
  /** Signs a call. Each replica accepts a token once. */
  sign(call: FakeCall): string;
  /** Sends a call to a replica. Rejects when it is killed meanwhile. */
  send(replica: number, call: FakeCall, token: string): Promise<ServiceAnswer>;
  /** Kills a replica, or the database, and resolves when all answer again. */
  kill(what: number): Promise<void>;
}

/** Something that happens. */
export type ServiceEvent =
  | { readonly kind: "call"; readonly replica: number; readonly step: ServiceStep }
  /** All changes run at the same time, each followed by decisions. */
  | {
    readonly kind: "together";
    readonly changes: readonly ServiceStep[];
    readonly replica: number;
  }
  | { readonly kind: "wait"; readonly ms: number }
  /** A replica or the database is killed while a step runs. */
  | { readonly kind: "kill"; readonly what: number; readonly during: ServiceStep };

const USERS = ["alice", "bob", "carol", "dave"];
const PERSONS = 3;

/** Makes lists of events. */
export function serviceEvents(
  { withKills, withTime }: { readonly withKills: boolean; readonly withTime: boolean },
): fc.Arbitrary<ServiceEvent[]> {
  const user = fc.constantFrom(...USERS);
  const person = fc.integer({ min: 0, max: PERSONS - 1 });
  const photo = fc.integer({ min: 0, max: 3 });
  const kind = <Kind extends string>(kind: Kind) => fc.constant(kind);
  const remove = fc.oneof(
    fc.record({ kind: kind("delete"), user }),
    fc.record({ kind: kind("remove"), user, photo }),
  );
  const put = fc.record({ kind: kind("put"), user });
  const add = fc.record({
    kind: kind("add"),
    user,
    person,
    photo,
    force: fc.boolean(),
  });
  const decide = fc.record({ kind: kind("decide"), person, user }, {
    requiredKeys: ["kind", "person"],
  });
  const change: fc.Arbitrary<ServiceStep> = fc.oneof(
    { weight: 3, arbitrary: put },
    { weight: 4, arbitrary: add },
    { weight: 2, arbitrary: remove },
  );
  const expiring: fc.Arbitrary<ServiceStep> = fc.record({
    kind: kind("put"),
    user,
    ttl: fc.integer({ min: 1, max: 20 }),
  });
  const step: fc.Arbitrary<ServiceStep> = fc.oneof(
    { weight: 3, arbitrary: change },
    { weight: 2, arbitrary: decide },
    ...(withTime ? [{ weight: 1, arbitrary: expiring }] : []),
  );
  const replica = fc.integer({ min: 0, max: 1 });
  return fc.array(
    fc.oneof(
      { weight: 12, arbitrary: fc.record({ kind: kind("call"), replica, step }) },
      {
        weight: 2,
        arbitrary: fc.record({
          kind: kind("together"),
          replica,
          changes: fc.uniqueArray(fc.oneof(put, remove, add), {
            selector: ({ user }) => user,
            minLength: 2,
            maxLength: 4,
          }),
        }),
      },
      ...(withTime
        ? [{
          weight: 1,
          arbitrary: fc.record({ kind: kind("wait"), ms: fc.integer({ min: 1, max: 20 }) }),
        }]
        : []),
      ...(withKills
        ? [{
          weight: 2,
          arbitrary: fc.record({
            kind: kind("kill"),
            what: fc.integer({ min: 0, max: 2 }),
            during: change,
          }),
        }]
        : []),
    ),
    { minLength: 5, maxLength: withKills ? 16 : 40 },
  );
}

/** Plays events on replicas that have no users, and checks every answer. */
export async function checkService(
  host: ServiceHost,
  events: readonly ServiceEvent[],
): Promise<void> {
  let model: ServiceModel = new Map();
  /** Ids of the templates that were answered with, by user and photo. */
  const templates = new Map<string, string>();
  const callFor = (step: ServiceStep) =>
    callOf(step, host.now(), (user, photo) => templates.get(`${user} ${photo}`) ?? "none");

  const send = async (replica: number, step: ServiceStep): Promise<Expected> => {
    const call = callFor(step);
    const token = host.sign(call);
    const answer = await host.send(replica % host.replicas, call, token);
    if (step.kind === "add" && answer.status < 300) {
      templates.set(`${step.user} ${step.photo}`, answer.body.template_id);
    }
    if (step.kind === "decide") {
      // No token is decided twice, by no replica.
      for (let other = 0; other < host.replicas; other++) {
        const { status } = await host.send(other, call, token);
        assertEquals(status, 401, "a token was accepted twice");
      }
    }
    return summary(answer);
  };
  const expectSame = async (replica: number, step: ServiceStep) => {
    const expected = applyServiceStep(model, step, host.now());
    const answer = await send(replica, step);
    assertEquals(answer, expected.answer, JSON.stringify(step));
    model = expected.model;
  };
  const checkAll = async () => {
    for (let replica = 0; replica < host.replicas; replica++) {
      for (let person = 0; person < PERSONS; person++) {
        await expectSame(replica, { kind: "decide", person });
      }
    }
  };

  for (const event of events) {
    switch (event.kind) {
      case "call":
        await expectSame(event.replica, event.step);
        break;
      case "wait":
        host.wait!(event.ms);
        break;
      case "together": {
        model = await changeTogether(event.changes, event.replica);
        await checkAll();
        break;
      }
      case "kill": {
        const sent = send(event.what, event.during).catch(() => undefined);
        await host.kill(event.what);
        model = await afterKill(event.during, await sent);
      }
    }
  }
  await checkAll();

  /** Makes changes of different users at the same time, with decisions after each deletion. */
  async function changeTogether(
    changes: readonly ServiceStep[],
    first: number,
  ): Promise<ServiceModel> {
    const before = model;
    const made = await Promise.all(changes.map(async (step, i) => {
      const answer = await send(first + i, step);
      if (step.kind !== "delete") return { step, answer };
      const known = before.get(step.user);
      for (const person of new Set(known?.photos.values() ?? [])) {
        for (let replica = 0; replica < host.replicas; replica++) {
          const named = await send(replica, { kind: "decide", person });
          assert(named !== step.user, "a deleted user was named");
          assertEquals(await send(replica, { kind: "decide", person, user: step.user }), null);
        }
      }
      return { step, answer };
    }));
    // The service has chosen an order; some order must explain all answers.
    for (const order of permutations(made)) {
      let tried = before;
      const fits = order.every(({ step, answer }) => {
        const next = applyServiceStep(tried, step, host.now());
        tried = next.model;
        return next.answer === answer;
      });
      if (fits) return tried;
    }
    throw new Error(`No order explains ${JSON.stringify(made)}`);
  }

  /** A change that was not acknowledged is made or not. */
  async function afterKill(step: ServiceStep, answer: Expected | undefined): Promise<ServiceModel> {
    const next = applyServiceStep(model, step, host.now());
    if (answer !== undefined && answer !== "gallery_unavailable") {
      assertEquals(answer, next.answer, JSON.stringify(step));
      return next.model;
    }
    // Changes are idempotent: it is made again, and then counts.
    const again = await send(0, step);
    const twice = applyServiceStep(next.model, step, host.now());
    assert([next.answer, twice.answer].includes(again), `${JSON.stringify(step)}: ${again}`);
    return next.model;
  }
}

function summary({ status, body }: ServiceAnswer): Expected {
  if (status === 200 && body.matched !== undefined) return body.matched ? body.user_id : null;
  return body?.code ?? String(status);
}

function* permutations<Item>(items: readonly Item[]): Generator<readonly Item[]> {
  if (items.length === 0) yield [];
  for (const [i, item] of items.entries()) {
    for (const rest of permutations(items.toSpliced(i, 1))) yield [item, ...rest];
  }
}
