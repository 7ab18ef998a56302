"""What acting on a list brought: who is held out, what can be seen, what was seen. Statistics only.

`holdout_draw.draw` and `detectable` are for what serves; `campaign_answer.answer` needs scipy, and
so it is for what may take its time.
"""
