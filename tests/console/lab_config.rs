//! What tests add to the config of `police`.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use overlap_tests::Lab;

/// A webhook at which nobody listens, so that what is shown does not change.
const WEBHOOK: &str =
    "\n[[webhook]]\nname = \"soc\"\nurl = \"http://127.0.0.1:9/\"\nsecret = \"webhook.secret\"\n";

/// Adds a webhook `soc`.
pub(crate) fn add_webhook(lab: &Lab) {
    let config = lab.config("police");
    let secret = config.with_file_name("webhook.secret");
    fs::write(&secret, format!("whsec_{}\n", "A".repeat(32))).unwrap();
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, text + WEBHOOK).unwrap();
}

/// Adds warning lists: a file, or a folder of them.
pub(crate) fn add_warning_lists(lab: &Lab, path: &Path) {
    lab.edit_config("police", "defaults = false", &format!("defaults = false\nfiles = [{path:?}]"));
}
