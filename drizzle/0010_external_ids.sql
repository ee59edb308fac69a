ALTER TABLE `messages` ADD `external_id` text;--> statement-breakpoint
CREATE UNIQUE INDEX `messages_external` ON `messages` (`external_id`) WHERE "messages"."external_id" is not null;