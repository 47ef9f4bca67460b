/** Erlang's formulas (1917). The tests compare the simulation with them. */

/**
 * Returns the share of requests that find all servers busy and leave, when no request can wait.
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
 * Returns the share of requests that must wait, when every request waits until it is served. The
 * mean number of requests in the system can be computed from this share. This is true for
 * exponential service times. When the requests share the servers, it is true for all service times.
 *
 * @param servers Number of servers; must be greater than the load
 * @param load Requests per second times the mean seconds of service
 */
export function erlangC(servers: number, load: number): number {
  const blocked = erlangB(servers, load);
  return blocked / (1 - load / servers * (1 - blocked));
}
