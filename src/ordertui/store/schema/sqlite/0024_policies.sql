-- Version 24: the policy of a store on a server, each version whole. who: the login that published it. edition: the rules
-- that come with the program; text: the store's own, as they are in a policy file.
CREATE TABLE policies (
  version INTEGER PRIMARY KEY, at INTEGER NOT NULL, who TEXT NOT NULL, edition TEXT NOT NULL, text TEXT NOT NULL,
  why TEXT NOT NULL
);
