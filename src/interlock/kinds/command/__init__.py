"""The kind `command`: anything that programs of your own can plan, apply and undo, and builds that leave files. See README.md."""
