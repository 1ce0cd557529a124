"""What a person looks at: functions from arrays, tables and run folders to figures."""
