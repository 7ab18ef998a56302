"""What the door says."""

TITLE = "Sign in"
ABOUT = "Who your customers are, what they will bring, and who is leaving."
KEY = "API key"
HOW = (
    "Paste a key of this service. A plain key shows everything, a masked one everything but names "
    "and e-mails; an admin key also starts runs and renames segments."
)
ENTER = "Sign in"
WRONG_KEY = "That is no key of this service. Paste it whole, without blanks or quotes."
INVITATION_USED = "This link was used already, or is not of this machine. Sign in with a key."
IN_THE_CLEAR = (
    "Keys are not taken over an unencrypted connection. Open this page by https://. If it already "
    "is behind a proxy that speaks TLS, have the proxy send X-Forwarded-Proto, and name the "
    "proxy's address in FORWARDED_ALLOW_IPS."
)
