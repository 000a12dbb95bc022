"""Values as text, Markdown and JSON. Pure: nothing here reads a file, a clock or a terminal. Only `live` imports Rich."""
