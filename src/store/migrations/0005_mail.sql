-- Mail: the key by which our own messages are known again when they come back, cards that somebody asked for, and how
-- far a mailbox was read. Run with foreign keys off, which are checked before it is kept.

-- what nobody outside may know; it never leaves the database
CREATE TABLE secrets (
    name TEXT PRIMARY KEY,
    key  BLOB NOT NULL CHECK (length(key) = 32)
) STRICT;
INSERT INTO secrets (name, key) VALUES ('mail', randomblob(32));

-- whether its Message-ID was made with the key: those from before are known by the database alone
ALTER TABLE messages ADD COLUMN keyed INTEGER NOT NULL DEFAULT 0 CHECK (keyed IN (0, 1));
-- a card that somebody asked for: its own number, and what was asked
ALTER TABLE messages ADD COLUMN request INTEGER;
ALTER TABLE messages ADD COLUMN request_service TEXT REFERENCES services (code);
ALTER TABLE messages ADD COLUMN request_until TEXT CHECK (request_until IS date(request_until));
UPDATE messages SET request = id
  WHERE id IN (SELECT message FROM notices WHERE stage = 'on_request');
CREATE UNIQUE INDEX messages_by_request ON messages (request) WHERE request IS NOT NULL;
-- a bounce and the relay's log name a message by it
CREATE INDEX messages_by_message_id ON messages (message_id);
CREATE INDEX deliveries_bounced ON deliveries (message) WHERE bounced_on IS NOT NULL;

-- How far a mailbox that is one file was read: nothing is taken out of it, for its other writers lock it in ways of
-- their own.
CREATE TABLE mailboxes (
    path    TEXT PRIMARY KEY,
    read_to INTEGER NOT NULL CHECK (read_to >= 0),
    before  TEXT NOT NULL                              -- SHA-256 of what stands before that place
) STRICT;
