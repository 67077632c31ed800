<?php
// Opens a session as the official PHP client does: names of headers in mixed case, hours of one digit, slashes and
// letters beyond ASCII escaped in the JSON. Prints the reply's body; exits with 0 when a token came back with 201.
//
//   BASE RUN_ENVIRONMENT MERCHANT_ID KEY_ID SECRET   as for node-client.cjs
//   NOW   seconds since the epoch (default: the clock)

declare(strict_types=1);

$base = getenv('BASE');
$merchantId = getenv('MERCHANT_ID');
$target = '/flex/v2/sessions';
$body = json_encode([
    'targetOrigins' => ['https://www.test.com', 'https://café.test'],
    'fields' => ['paymentInformation' => ['card' => [
        'number' => new stdClass(),
        'expirationMonth' => ['required' => true],
        'expirationYear' => ['required' => true],
    ]]],
]);

$signed = [
    'host' => getenv('RUN_ENVIRONMENT'),
    'date' => gmdate('D, d M Y G:i:s', (int) (getenv('NOW') ?: time())) . ' GMT',
    'request-target' => 'post ' . $target,
    'digest' => 'SHA-256=' . base64_encode(hash('sha256', $body, true)),
    'v-c-merchant-id' => $merchantId,
];
$lines = array_map(fn ($name) => "$name: $signed[$name]", array_keys($signed));
$mac = hash_hmac('sha256', implode("\n", $lines), base64_decode(getenv('SECRET')), true);
$parameters = [
    'keyid="' . getenv('KEY_ID') . '"',
    'algorithm="HmacSHA256"',
    'headers="' . implode(' ', array_keys($signed)) . '"',
    'signature="' . base64_encode($mac) . '"',
];

$curl = curl_init($base . $target);
curl_setopt_array($curl, [
    CURLOPT_POST => true,
    CURLOPT_POSTFIELDS => $body,
    CURLOPT_RETURNTRANSFER => true,
    CURLOPT_TIMEOUT => 20,
    CURLOPT_USERAGENT => 'Swagger-Codegen/1.0.0/php',
    CURLOPT_HTTPHEADER => [
        'Accept: application/jwt',
        'Content-Type: application/json',
        'v-c-merchant-id: ' . $merchantId,
        'Signature: ' . implode(', ', $parameters),
        'Date: ' . $signed['date'],
        'Digest: ' . $signed['digest'],
        'Host: ' . $signed['host'],
    ],
]);
$reply = curl_exec($curl);
$status = curl_getinfo($curl, CURLINFO_RESPONSE_CODE);
fwrite(STDERR, json_encode(['status' => $status, 'date' => $signed['date'], 'sent' => $body, 'error' => curl_error($curl)]));
echo $reply === false ? '' : $reply;
exit($status === 201 && substr_count((string) $reply, '.') === 2 ? 0 : 1);
