/** Every figure of the election, in milliseconds. */
export const TIMING = {
  /** The leader tells the others that it is there. */
  heartbeat: 2_000,
  /** Silence after which a follower asks whether anybody leads. */
  silence: 5_000,
  /** How long an answer to that question may take. */
  answer: 500,
  /** The same after a leader has said goodbye: nobody is expected to answer. */
  afterResign: 100,
  /** How long the next in the queue for the lock may take to say that it leads. */
  succession: 1_000,
  /** A candidate that hears a better one leaves it this much of a head start. */
  standBack: 300,
  /** Hidden tabs let visible ones go first, since their timers may be throttled. */
  hiddenDelay: 300,
  /** A candidate whose timer is later than this has been asleep, and may have messages to read. */
  late: 100,
  /** How long it then listens before it claims the lead after all. */
  catchUp: 50,
  /** Between claiming the lead and acting on it: time for an objection. */
  settle: 100,
  /** How much later than that the socket may be opened, since timers of hidden tabs wait for a full second. */
  grace: 2_500,
} as const
