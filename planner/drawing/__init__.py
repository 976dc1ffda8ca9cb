"""What drawings on the page and on paper share: figures as text, colors, lines, places of labels."""
