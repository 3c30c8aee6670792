#!/bin/sh
# The page. It asks a back for the goods: at the name of its Service, with the password of the Secret.

escape() { sed 's/&/\&amp;/g; s/</\&lt;/g; s/>/\&gt;/g'; }

credentials=$(printf 'shop:%s' "$PASSWORD" | base64 | tr -d '\n')
if goods=$(timeout 3 wget -q -O - --header "Authorization: Basic $credentials" "$BACK/cgi-bin/goods" 2>&1); then
  status='200 OK'
else
  status='502 Bad Gateway'
  goods="The back did not answer: $goods"
fi

greeting=$(escape </etc/shop/greeting)
goods=$(echo "$goods" | escape)
if [ "$VERSION" = 1 ]; then colour=steelblue; else colour=seagreen; fi

printf 'Status: %s\r\nContent-Type: text/html; charset=utf-8\r\n\r\n' "$status"
cat <<PAGE
<!doctype html>
<title>Shop</title>
<body style="font: 1.1em sans-serif; margin: 2em; border-left: 1em solid $colour; padding-left: 1em">
<h1>$greeting</h1>
<pre>
$goods
</pre>
<p>Version $VERSION, served by $POD_NAME on $NODE_NAME</p>
PAGE
