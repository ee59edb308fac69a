import journal from './meta/_journal.json';
import m0000 from './0000_inbox.sql';
import m0001 from './0001_user_preferences.sql';
import m0002 from './0002_message_history.sql';
import m0003 from './0003_attachments.sql';
import m0004 from './0004_labels.sql';
import m0005 from './0005_display_name.sql';
import m0006 from './0006_drafts.sql';
import m0007 from './0007_optional_subject.sql';
import m0008 from './0008_conversation_activity.sql';
import m0009 from './0009_fill_activity.sql';
import m0010 from './0010_external_ids.sql';

  export default {
    journal,
    migrations: {
      m0000,
m0001,
m0002,
m0003,
m0004,
m0005,
m0006,
m0007,
m0008,
m0009,
m0010
    }
  }
  