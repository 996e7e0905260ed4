-- One forum world. Times are integer Unix seconds; the present is meta('now').
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE users (
  id INTEGER PRIMARY KEY, username TEXT NOT NULL UNIQUE COLLATE NOCASE, password TEXT NOT NULL,
  biography TEXT NOT NULL DEFAULT '', created_at INTEGER NOT NULL);
CREATE TABLE forums (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE COLLATE NOCASE, title TEXT NOT NULL,
  description TEXT NOT NULL DEFAULT '', sidebar TEXT NOT NULL DEFAULT '',
  creator_id INTEGER REFERENCES users(id), created_at INTEGER NOT NULL);
CREATE TABLE subscriptions (
  user_id INTEGER NOT NULL REFERENCES users(id), forum_id INTEGER NOT NULL REFERENCES forums(id),
  PRIMARY KEY (user_id, forum_id)) WITHOUT ROWID;
CREATE TABLE submissions (
  id INTEGER PRIMARY KEY, forum_id INTEGER NOT NULL REFERENCES forums(id),
  user_id INTEGER NOT NULL REFERENCES users(id), title TEXT NOT NULL,
  url TEXT, body TEXT, created_at INTEGER NOT NULL, edited_at INTEGER,
  upvotes INTEGER NOT NULL DEFAULT 1, downvotes INTEGER NOT NULL DEFAULT 0,
  deleted INTEGER NOT NULL DEFAULT 0);
CREATE INDEX submissions_by_forum ON submissions(forum_id, created_at);
CREATE INDEX submissions_by_user ON submissions(user_id);
CREATE TABLE comments (
  id INTEGER PRIMARY KEY, submission_id INTEGER NOT NULL REFERENCES submissions(id),
  parent_id INTEGER REFERENCES comments(id), user_id INTEGER NOT NULL REFERENCES users(id),
  body TEXT NOT NULL, created_at INTEGER NOT NULL, edited_at INTEGER,
  upvotes INTEGER NOT NULL DEFAULT 1, downvotes INTEGER NOT NULL DEFAULT 0,
  deleted INTEGER NOT NULL DEFAULT 0);
CREATE INDEX comments_by_submission ON comments(submission_id, id);
CREATE INDEX comments_by_user ON comments(user_id);
-- Votes of users whose single votes matter (the signed-in ones); the counters above include them.
CREATE TABLE submission_votes (
  user_id INTEGER NOT NULL, submission_id INTEGER NOT NULL, choice INTEGER NOT NULL,
  PRIMARY KEY (user_id, submission_id)) WITHOUT ROWID;
CREATE TABLE comment_votes (
  user_id INTEGER NOT NULL, comment_id INTEGER NOT NULL, choice INTEGER NOT NULL,
  PRIMARY KEY (user_id, comment_id)) WITHOUT ROWID;
CREATE TABLE message_threads (
  id INTEGER PRIMARY KEY, sender_id INTEGER NOT NULL, receiver_id INTEGER NOT NULL);
CREATE TABLE messages (
  id INTEGER PRIMARY KEY, thread_id INTEGER NOT NULL REFERENCES message_threads(id),
  sender_id INTEGER NOT NULL, body TEXT NOT NULL, created_at INTEGER NOT NULL);
-- The inbox: a reply to something of the user's, or a private message; seen=1 once the inbox was cleared.
CREATE TABLE notifications (
  id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL, comment_id INTEGER, message_id INTEGER,
  created_at INTEGER NOT NULL, seen INTEGER NOT NULL DEFAULT 0);
CREATE TABLE blocks (
  user_id INTEGER NOT NULL, blocked_id INTEGER NOT NULL, PRIMARY KEY (user_id, blocked_id)) WITHOUT ROWID;
CREATE TABLE sessions (token TEXT PRIMARY KEY, user_id INTEGER, csrf TEXT NOT NULL, flash TEXT NOT NULL DEFAULT '');
