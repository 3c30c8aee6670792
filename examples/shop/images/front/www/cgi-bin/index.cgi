#!/bin/sh
# The page. It asks the back for the goods: at its Service's name, with the password of the Secret.

escape() { sed 's/&/\&amp;/g; s/</\&lt;/g; s/>/\&gt;/g'; }

credentials=$(printf 'shop:%s' "$(cat /etc/shop/password)" | base64 | tr -d '\n')
goods=$(timeout 3 wget -q -O - --header "Authorization: Basic $credentials" "$BACK/cgi-bin/goods" 2>&1)
if [ $? -ne 0 ]; then
  echo 'Status: 502 Bad Gateway'
  goods="The back did not answer: $goods"
fi

greeting=$(escape <"/etc/shop-config/greeting")
goods=$(echo "$goods" | escape)
if [ "$VERSION" = 1 ]; then colour=steelblue; else colour=seagreen; fi

cat <<PAGE
Content-Type: text/html; charset=utf-8

<!doctype html>
<title>Shop</title>
<body style="font: 1.1em sans-serif; margin: 2em; border-left: 1em solid $colour; padding-left: 1em">
<h1>$greeting</h1>
<pre>
$goods
</pre>
<p>Version $VERSION, served by $POD_NAME on $NODE_NAME</p>
PAGE
