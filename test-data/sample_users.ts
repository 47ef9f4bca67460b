/** The users of the sample gallery. */

/** The users of the sample gallery and their pictures. */
export const SAMPLE_USERS = [
  { userId: "user1", name: "User One", picture: "user1.png" },
  { userId: "user2", name: "User Two", picture: "user2.png" },
  { userId: "user3", name: "User Three", picture: "user3.png" },
] as const;
