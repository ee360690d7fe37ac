// Tells the time zone with the forms one logs in by, so that one's list of sessions can say from where that was.

for (const field of document.querySelectorAll('input[name="time_zone"]')) {
  field.value = Intl.DateTimeFormat().resolvedOptions().timeZone ?? "";
}
