/** Erlang's formulas (1917). The tests compare the simulation with them. */

/**
 * Returns the share of requests that find all servers busy, where no request waits.
 *
 * @param servers Number of servers
 * @param load Requests per second times the mean seconds of service
 */
export function erlangB(servers: number, load: number): number {
  let blocked = 1;
  for (let n = 1; n <= servers; n++) blocked = load * blocked / (n + load * blocked);
  return blocked;
}

/**
 * Returns the share of requests that wait, where every request waits until it is served. The number
 * of requests in the system follows from this share. That holds for exponential service times, and
 * for all service times where the requests share the servers.
 *
 * @param servers Number of servers, more than the load
 * @param load Requests per second times the mean seconds of service
 */
export function erlangC(servers: number, load: number): number {
  const blocked = erlangB(servers, load);
  return blocked / (1 - load / servers * (1 - blocked));
}
