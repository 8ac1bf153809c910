"""The paths of the Segment spec, with the names under which tools ask for what stands there.

Source: the spec's pages Common, Identify, Group, Page, Screen, Track, Mobile, Ecommerce V2 and Email at
https://www.twilio.com/docs/segment/connections/spec/ (text: https://github.com/segmentio/segment-docs, folder
src/connections/spec, CC BY 4.0, Common and Ecommerce V2 read 2026-11-23) for paths and types. Four paths are not the
spec's but what libraries send beside it: `context.channel`, `context.sessionId`, `context.consent`,
`context.campaign.id`. The names are what marketing tools in general call these things, such as the Google Analytics
campaign parameters (utm_source and so on); no page lists them.

A table's value is the kind, then names separated by `|`; a name after `~` fits less well.
"""

from __future__ import annotations

from typing import Final

# Places that exist once, from the root of the event.
PATHS: Final = {
    "userId": "text|user id|external id|customer id|contact id|profile id|identity|uid|user identifier|distinct id"
    "|~client user id|~member id|~subscriber id",
    "anonymousId": "text|anonymous id|anonymous user id|cookie id|visitor id|client id|~device id|~distinct id"
    "|~guest id|~app instance id",
    "messageId": "text|message id|event id|insert id|dedupe id|deduplication id|dedup id|idempotency key|event uuid"
    "|uuid|~unique id|~event key",
    "timestamp": "time|timestamp|time|event time|event timestamp|occurred at|event date|date time|timestamp micros"
    "|timestamp ms|~date|~created at|~event occurred|~conversion time",
    "originalTimestamp": "time|original timestamp|~client timestamp",
    "sentAt": "time|sent at|~send time|~client sent time",
    "receivedAt": "time|received at|~server timestamp|~server time",
    "event": "text|event|event name|event type|action name|~action|~conversion name|~activity name|~trigger name",
    "type": "text|call type|message type|~type",
    "name": "text|page name|screen name|~name|~screen class",
    "category": "text|page category|~screen category",
    "groupId": "text|group id|company id|account id|organization id|workspace id|~team id|~list id",
    "previousId": "text|previous id|previous user id|alias id|old user id|~alias",
    "channel": "text|channel|~platform",
    "version": "text|~version",
    "properties": "object|properties|event properties|event data|event params|custom data|custom properties"
    "|~data fields|event attributes|parameters|metadata|additional properties|~data|~params|~attributes|~payload"
    "|~custom fields",
    "traits": "object|traits|user properties|user attributes|custom attributes|profile|person properties"
    "|profile properties|user data|attributes|group properties|group traits|contact properties|~properties"
    "|~custom fields|~set|~fields|~user fields|~data fields|~custom properties|~merge fields",
    "context": "object|context|event context|~metadata",
    "integrations": "object|integrations",
    "context.traits": "object|context traits|~user properties|~traits|~user traits",
    "context.ip": "text|ip|ip address|client ip|user ip|remote address|client ip address|ip override",
    "context.userAgent": "text|user agent|browser|client user agent|http user agent|~browser name",
    "context.userAgentData": "object|user agent data|client hints",
    "context.locale": "text|locale|language|language code|user language|browser language|~accept language|~lang code",
    "context.timezone": "text|timezone|user timezone|time zone name",
    "context.channel": "text|channel",
    "context.groupId": "text|group id|company id|account id",
    "context.sessionId": "text|session id",
    "context.page.url": "text|page url|page location|current url|document location|event source url|landing page"
    "|web url|source url|~url|~link|~document url|~website",
    "context.page.referrer": "text|referrer|page referrer|referring url|document referrer|http referrer"
    "|initial referrer|referrer url|~ref",
    "context.page.title": "text|page title|document title|~page name|~title",
    "context.page.path": "text|page path|path|pathname|document path|url path|~page",
    "context.page.search": "text|page search|query string|url query|url search|~search",
    "context.page": "object|page|page data|~web",
    "context.referrer.url": "text|referrer link|~referrer",
    "context.referrer.type": "text|referrer type",
    "context.campaign": "object|campaign|utm|utm parameters|campaign data|~traffic source",
    "context.campaign.name": "text|campaign name|utm campaign|campaign|~marketing campaign",
    "context.campaign.source": "text|campaign source|utm source|traffic source|source|~acquisition source",
    "context.campaign.medium": "text|campaign medium|utm medium|traffic medium|medium",
    "context.campaign.term": "text|campaign term|utm term|campaign keyword|term|~keyword|~keywords",
    "context.campaign.content": "text|campaign content|utm content|ad content|~content",
    "context.campaign.id": "text|campaign id|utm id",
    "context.app": "object|app|application|app info",
    "context.app.name": "text|app name|application name|app|application",
    "context.app.version": "text|app version|application version|app version name|~version",
    "context.app.build": "text|app build|build|build number|app build number|~app version code",
    "context.app.namespace": "text|app namespace|package name|bundle id|bundle identifier|app package name|app id"
    "|package|~app identifier",
    "context.device": "object|device|device info|device data",
    "context.device.id": "text|device id|device identifier|idfv|vendor id|android id|identifier for vendor",
    "context.device.advertisingId": "text|advertising id|advertiser id|idfa|adid|gaid|aaid|maid|mobile ad id"
    "|device advertising id|ad id|google advertising id|mobile advertising id|~madid",
    "context.device.adTrackingEnabled": "boolean|ad tracking enabled|ad tracking|advertiser tracking enabled"
    "|limit ad tracking|ad tracking allowed|~att|~tracking enabled|~personalized ads",
    "context.device.manufacturer": "text|device manufacturer|manufacturer|device brand|device make|~brand",
    "context.device.model": "text|device model|model|device hardware|~device",
    "context.device.name": "text|device name|~device",
    "context.device.type": "text|device type|platform|device platform|device category|~os|~device os",
    "context.device.token": "text|device token|push token|registration token|fcm token|apns token|~token",
    "context.device.version": "text|device version",
    "context.os": "object|os|operating system",
    "context.os.name": "text|os name|os|operating system|operating system name|device os|platform name|~platform",
    "context.os.version": "text|os version|operating system version|device os version|platform version|~system version",
    "context.network.carrier": "text|carrier|network carrier|device carrier|mobile carrier|~operator",
    "context.network.wifi": "boolean|wifi|network wifi|wifi enabled|~has wifi",
    "context.network.bluetooth": "boolean|bluetooth|network bluetooth|bluetooth enabled",
    "context.network.cellular": "boolean|cellular|network cellular|cellular enabled",
    "context.library": "object|library|sdk|~client",
    "context.library.name": "text|library name|library|sdk name|sdk|lib|~client name",
    "context.library.version": "text|library version|sdk version|lib version|~client version",
    "context.screen": "object|screen|display",
    "context.screen.width": "number|screen width|display width|~width|~viewport width",
    "context.screen.height": "number|screen height|display height|~height|~viewport height",
    "context.screen.density": "number|screen density|screen dpi|pixel ratio|display density|~density|~dpi"
    "|~pixel density",
    "context.location": "object|location|geo|current location|geolocation|~position",
    "context.location.city": "text|city|location city|geo city|current city",
    "context.location.country": "text|country|location country|geo country|country code|current country",
    "context.location.region": "text|region|location region|geo region|current region|~state",
    "context.location.latitude": "number|latitude|location latitude|geo latitude",
    "context.location.longitude": "number|longitude|location longitude|geo longitude",
    "context.location.speed": "number|speed|location speed",
    "context.consent": "object|consent|~consent status|~opt in",
    "properties.products": "list|products|items|line items|contents|cart items|order items|product list|cart|basket"
    "|purchased items|~product|~item|~order lines",
    "properties.order_id": "text|order id|transaction id|purchase id|order number|~checkout id|~order",
    "properties.checkout_id": "text|checkout id",
    "properties.cart_id": "text|cart id|basket id",
    "properties.total": "number|total|order total|grand total|cart total|total price|total value|total amount|value"
    "|revenue|amount|~price|~purchase value|~conversion value",
    "properties.revenue": "number|revenue|value|purchase value|conversion value|sales|~total|~amount|~price",
    "properties.value": "number|value|event value|conversion value|~revenue|~amount|~total|~score",
    "properties.subtotal": "number|subtotal|~total",
    "properties.shipping": "number|shipping|shipping cost|shipping amount|delivery cost|freight|~shipping price"
    "|~delivery fee",
    "properties.shipping_method": "text|shipping method|shipping tier|delivery method|~delivery category"
    "|~shipping type",
    "properties.payment_method": "text|payment method|payment type|~payment",
    "properties.tax": "number|tax|tax amount|vat|sales tax",
    "properties.discount": "number|discount|discount amount|total discount|~rebate",
    "properties.coupon": "text|coupon|coupon code|promo code|voucher|discount code|voucher code|~promotion code",
    "properties.currency": "text|currency|currency code|iso currency|~revenue currency|~currency iso",
    "properties.affiliation": "text|affiliation|store|store name|~shop|~seller|~merchant",
    "properties.list_id": "text|list id|item list id|product list id",
    "properties.list_name": "text|list name|item list name|product list name",
    "properties.category": "text|category|product category|item category|~content category|~page category",
    "properties.query": "text|search query|search term|search string|search text|query|search keyword|search"
    "|~search terms|~keywords",
    "properties.promotion_id": "text|promotion id|~promo id",
    "properties.creative": "text|creative|creative name|creative id|~banner",
    "properties.share_via": "text|share via|share method|share channel|~method",
    "properties.share_message": "text|share message",
    "properties.recipient": "text|recipient|~share recipient",
    "properties.step": "number|checkout step|step",
    "properties.rating": "number|rating|stars|review rating|~score",
    "properties.review_id": "text|review id",
    "properties.review_body": "text|review body|review text|review",
    "properties.wishlist_id": "text|wishlist id",
    "properties.wishlist_name": "text|wishlist name",
    "properties.url": "text|url|link|page url|product url|~link url|~page location|~current url",
    "properties.title": "text|title|page title|~name",
    "properties.path": "text|path|page path",
    "properties.referrer": "text|referrer|page referrer",
    "properties.search": "text|search|query string",
    "properties.name": "text|page name|screen name|name|~content name|~product name|~item name",
}

# What is known of people: below traits, context.traits or properties.
PERSON: Final = {
    "id": "text|~user id|~id|~external id",
    "userId": "text|~user id",
    "email": "text|email|email address|user email|contact email|~mail|~login|~email id|~subscriber email",
    "phone": "text|phone|phone number|mobile phone|sms number|home phone|telephone number|~whatsapp",
    "name": "text|name|full name|user name|display name|contact name|~person name",
    "firstName": "text|firstname|contact firstname",
    "lastName": "text|lastname|contact lastname",
    "middleName": "text|middle name|middle initial",
    "username": "text|username|login name|nickname|handle|alias",
    "birthday": "text|birthday|birth day",
    "age": "number|age|user age",
    "gender": "text|gender",
    "title": "text|job title|~title|~salutation",
    "avatar": "text|avatar|avatar url|profile image|profile image url|~image url|~image",
    "website": "text|website|homepage|~url|~company url",
    "description": "text|description|~bio|~about|~notes",
    "company": "object|company|company name|organization|account name|~employer|~business name",
    "industry": "text|industry",
    "employees": "number|employees|employee count|company size|~number of employees",
    "plan": "text|plan|subscription plan|~tier",
    "createdAt": "time|created at|signup date|signed up at|registration date|creation date|joined at|~created"
    "|~sign up time|~account created|~registered at",
    "language": "text|language|preferred language|~locale",
    "timezone": "text|timezone",
    "address": "object|address|mailing address|home address|postal address|~location",
}

# Parts of an address: below `address`, or beside the other traits.
ADDRESS: Final = {
    "street": "text|street|street address|address line 1|address 1|address line|home address|~address|~line 1",
    "line1": "text|address line 1|address 1|street address|street",
    "line2": "text|address line 2|address 2|~apartment|~suite",
    "city": "text|city|home city|town|locality|~municipality",
    "state": "text|state|region|province|state province|state code|state province region|~county",
    "region": "text|region|state|province",
    "postalCode": "text|postal",
    "country": "text|country|country code|country name|home country",
}

# What is known of a product: below properties.products[*], or of the one product of an event below properties.
PRODUCT: Final = {
    "product_id": "text|product id|item id|content id|sku id|article id|~id|~item|~content ids|~product"
    "|~product identifier",
    "id": "text|product id|item id|~id|~content id",
    "sku": "text|sku|stock keeping unit|article number|~product sku|~item sku|~product id|~item id",
    "name": "text|product name|item name|content name|product title|~name|~title|~item",
    "category": "text|category|product category|item category|content category|categories|~content type"
    "|~product type|~item type",
    "brand": "text|brand|product brand|item brand|~manufacturer|~vendor",
    "variant": "text|variant|product variant|item variant|variant id|~variation|~option",
    "price": "number|price|unit price|item price|product price|~amount|~value|~cost",
    "quantity": "number|quantity|item quantity|product quantity|number of items|num items|units|item count|~count"
    "|~amount",
    "coupon": "text|coupon|product coupon|item coupon|coupon code",
    "discount": "number|discount|item discount|product discount|discount amount",
    "position": "number|position|index|item position|product position|list position|rank",
    "currency": "text|currency|currency code",
    "affiliation": "text|affiliation|item affiliation",
    "image_url": "text|image url|product image url|image link|item image url|product image|image|picture url"
    "|~thumbnail url",
    "url": "text|product url|item url|product link|url|link|~page url",
    "description": "text|product description|item description|description",
}
