"""Pure: from what is known of calls and endings to what became of each record that was put."""
