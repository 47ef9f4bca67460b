/** Erlang's formulas (1917), which the simulation is checked against. */

/**
 * The share of requests that find all servers busy where nobody waits.
 *
 * @param servers How many there are
 * @param load Requests per second times the mean seconds of service
 */
export function erlangB(servers: number, load: number): number {
  let blocked = 1;
  for (let n = 1; n <= servers; n++) blocked = load * blocked / (n + load * blocked);
  return blocked;
}

/**
 * The share of requests that wait where all wait. The number of requests in the system follows from
 * it for exponential service times, and for any where the servers are shared.
 *
 * @param servers How many there are, more than the load
 * @param load Requests per second times the mean seconds of service
 */
export function erlangC(servers: number, load: number): number {
  const blocked = erlangB(servers, load);
  return blocked / (1 - load / servers * (1 - blocked));
}
