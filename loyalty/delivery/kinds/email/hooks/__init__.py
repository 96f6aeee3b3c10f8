"""What services of mails tell us: delivered, bounced, complained. One file each."""
