// Every size that a sender or a bucket controls, with the reason for its number.

/** Longest syslog message, in bytes: RFC 5424 asks for 2 KiB, rsyslog's and syslog-ng's own limit is 64 KiB at most by default. */
export const maxMessageBytes = 64 * 1024;
/** Connections of one source at once, and of one address: one per host that forwards, and some that it left behind. */
export const maxConnections = 256;
export const maxConnectionsPerSender = 16;
/** A connection is closed when nothing came for so long, in ms: forwarders keep one open for days, but not without a word. */
export const idleMs = 3_600_000;
/** And when a message was begun and not ended for so long, in ms. */
export const partialMs = 30_000;
/** Time for a TLS handshake, in ms. */
export const handshakeMs = 10_000;
/** Messages of one sender a second, and how many it may send at once: a busy web server writes some thousand lines a second. */
export const messagesPerSecond = 10_000;
export const burstMessages = 20_000;
/** Bytes that a message may have to count as one: lines of logs are shorter. So a sender brings 40 MB a second at most. */
export const usualBytes = 4096;
/** Senders whose rate is kept apart. Beyond them, they share one: addresses of UDP are forged at will. */
export const maxSenders = 4096;
/** Bytes of messages of one source that wait to be written. */
export const maxGatheredBytes = 8 * 1024 * 1024;
/** Bytes that are written at once, and how long they are gathered, in ms. */
export const batchBytes = 256 * 1024;
export const gatherMs = 200;

/** Longest key of an object, in bytes: S3's own maximum. */
export const maxKeyBytes = 1024;
/** Largest object that is read, in bytes as stored. Services deliver logs in objects of a few MB; 5 GB is somebody's backup. */
export const maxObjectBytes = 512 * 1024 * 1024;
/** Most that an object may unpack to, in bytes: ten times what a full one of plain text holds. The rest is a counted reject. */
export const maxUnpackedBytes = 4 * 1024 ** 3;
/** Longest listing, in bytes: a thousand of the longest keys, each byte escaped as three, with what stands around them. */
export const maxListingBytes = 8 * 1024 * 1024;
/** Objects read after one listing; the rest is found by the next one. */
export const maxObjectsPerPoll = 10_000;
/** Pages of 1000 keys that one listing asks for; the next one goes on there. */
export const maxPagesPerPoll = 200;
/** Objects read at the same time: enough that one slow object delays nobody, few enough for memory. */
export const lanes = 4;
/** Silence of the store, in ms, after which a request has failed. */
export const storePauseMs = 30_000;
/** Slowest that an object may come, in bytes a second, measured once a pause has passed: a lane must not be held for ever. */
export const minStoreBytesPerSecond = 16 * 1024;
/** Waits before an object is tried again, in ms; the last one stays. */
export const retryMs = [10_000, 60_000, 300_000, 1_800_000, 3_600_000] as const;
/** Tries until an object is given up and counted as a reject: with these waits, about two days. */
export const maxTries = 50;
/** Days whose prefixes are listed, at most: as far as one may look back. */
export const maxDays = 401;

/** Bytes on disk that wait to be read, beyond which collectors pause: an eighth of what the spool may hold, so that who pushes is heard. */
export const maxWaitingBytes = 512 * 1024 * 1024;
/** Failing objects that are shown. */
export const maxShownFailing = 20;
