-- Custom SQL migration file, put your code below! --
UPDATE conversations SET
  message_count = (SELECT count(*) FROM messages WHERE conversation_id = conversations.id),
  last_message_at = (SELECT max(sent_at) FROM messages WHERE conversation_id = conversations.id);
--> statement-breakpoint
UPDATE messages SET body = '(no text; see the attachments)' WHERE body = '';
--> statement-breakpoint
CREATE TRIGGER messages_activity AFTER INSERT ON messages
BEGIN
  UPDATE conversations SET message_count = message_count + 1 WHERE id = NEW.conversation_id;
  UPDATE conversations SET last_message_at = NEW.sent_at
    WHERE id = NEW.conversation_id AND coalesce(last_message_at, 0) < NEW.sent_at;
END;
